// A table that sorts by the heading that is clicked, and shows the rows that hold the words typed.
function makeSortable(table) {
  const body = table.tBodies[0], rows = [...body.rows];
  const text = (row, column) => row.cells[column].textContent.trim();

  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    heading.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const up = heading.getAttribute("aria-sort") !== "ascending";
      for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
      heading.setAttribute("aria-sort", up ? "ascending" : "descending");
      rows.sort((a, b) => {
        const [x, y] = [text(a, column), text(b, column)];
        if (!x || !y) return !x - !y; // what is unknown stands last, whichever way
        const order = x.localeCompare(y, "en", { numeric: true });
        const difference = Number.isNaN(Number(x) - Number(y)) ? order : x - y;
        return up ? difference : -difference;
      });
      body.append(...rows);
    });
  });

  const label = document.createElement("label");
  const field = document.createElement("input");
  const count = document.createElement("output");
  field.type = "search";
  label.append("Filter ", field);
  const bar = document.createElement("p");
  bar.className = "table-filter";
  bar.append(label, count);
  const frame = document.createElement("div");
  frame.className = "table-frame";
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", (table.caption ?? table.closest("figure")?.querySelector("figcaption"))?.textContent ?? "Table");
  table.before(bar, frame);
  frame.append(table);
  const show = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const content = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => content.includes(word));
    }
    count.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
  };
  field.addEventListener("input", show);
  show();
}

// This script runs when the page has been read, and before all others.
document.querySelectorAll("table.sortable").forEach(makeSortable);
