for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, place) => head.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const key = (row) => row.cells[place].dataset.key;
    const order = (a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x !== undefined && y !== undefined) return x - y;
      if (x !== undefined || y !== undefined) return x === undefined ? 1 : -1;
      return row(a).localeCompare(row(b));
    };
    const row = (line) => line.cells[place].textContent;
    [...body.rows].sort((a, b) => (down ? order(b, a) : order(a, b))).forEach((line) => body.append(line));
  }));
}
