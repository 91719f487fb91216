// The table of trials is sorted by the button at the head of a column; a second press turns the order round.

const table = document.getElementById("trials-table");

function compare(one, other) {
  if (one === "" || other === "") return one === other ? 0 : one === "" ? 1 : -1;  // what is not known comes last
  const numbers = [Number(one), Number(other)];
  return numbers.some(Number.isNaN) ? one.localeCompare(other, undefined, {numeric: true}) : numbers[0] - numbers[1];
}

function sort(column) {
  const heads = [...table.tHead.rows[0].cells], head = heads[column];
  const former = head.getAttribute("aria-sort"), number = head.classList.contains("number");
  const turn = former === null ? (number ? -1 : 1) : former === "ascending" ? -1 : 1;
  for (const other of heads) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", turn > 0 ? "ascending" : "descending");
  const value = row => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const rows = [...table.tBodies[0].rows].map(row => [value(row), row]);
  rows.sort(([one], [other]) => (one === "" || other === "" ? 1 : turn) * compare(one, other));
  table.tBodies[0].append(...rows.map(([, row]) => row));
}

if (table) [...table.tHead.querySelectorAll("button")].forEach((button, column) => button.addEventListener("click", () => sort(column)));
