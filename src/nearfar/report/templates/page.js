// The page's script starts here: everything it shows is in the element #data.

const data = JSON.parse(document.getElementById("data").textContent);
if (data.curves.length) drawCurves(document.getElementById("curves"), data.curves);
if (data.map) drawMap(data.map, data.thumbs);

const copy = document.getElementById("copy");
if (copy) copy.addEventListener("click", async () => {
  const command = document.getElementById("command");
  try {
    await navigator.clipboard.writeText(command.textContent);
    copy.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(command);
    copy.textContent = "Selected";
  }
  setTimeout(() => { copy.textContent = "Copy"; }, 2000);
});
