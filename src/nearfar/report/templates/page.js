// The page's script starts here: everything it shows is in the element #data.

const data = JSON.parse(document.getElementById("data").textContent);
const groups = [["curves", data.curves], ["health-curves", data.health]].filter(([, panels]) => panels.length);
if (groups.length) drawCurves(groups.map(([id, panels]) => [document.getElementById(id), panels]));
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

// The contents stay in view; the section that is being read is marked, and on a phone its link is brought to sight.
const contents = document.querySelector(".contents");
const links = new Map([...contents.querySelectorAll("a")].map(link => [link.hash.slice(1), link]));
const reader = new IntersectionObserver(entries => {
  for (const entry of entries) {
    const link = links.get(entry.target.id);
    if (entry.isIntersecting) {
      link.setAttribute("aria-current", "true");
      contents.scrollLeft = link.offsetLeft - (contents.clientWidth - link.offsetWidth) / 2;
    } else link.removeAttribute("aria-current");
  }
}, { rootMargin: "-20% 0px -79%" });
document.querySelectorAll("main > section").forEach(section => reader.observe(section));
