// What the theme leaves unsaid to those who hear the page instead of seeing it.
document.addEventListener("DOMContentLoaded", () => {
  // The arrows that unfold the contents bear no name.
  for (const summary of document.querySelectorAll("li > details > summary")) {
    const chapter = summary.closest("li").querySelector(":scope > a");
    if (chapter) summary.setAttribute("aria-label", `Sections of ${chapter.textContent.trim()}`);
  }
  // References are marked as a list, but its items are not.
  for (const list of document.querySelectorAll(".citation-list[role=list]")) {
    list.removeAttribute("role");
  }
  // Not the window's size alone: menus come and go beside the text after it has changed.
  const sizes = new ResizeObserver(reachTables);
  for (const frame of document.querySelectorAll(".nb-table > .output")) sizes.observe(frame);
  openMenus("primary", "Chapters");
  openMenus("secondary", "On this page");
  openPictures();
});

// Paper is white: what is printed from the dark would be pale on it.
const page = document.documentElement.dataset;
let onScreen = "";
window.addEventListener("beforeprint", () => {
  onScreen = page.theme;
  page.theme = "light";
});
window.addEventListener("afterprint", () => {
  page.theme = onScreen;
});

// The theme gives the keyboard what scrolls, but not the tables that stand in a figure.
function reachTables() {
  for (const frame of document.querySelectorAll(".nb-table > .output")) {
    frame.tabIndex = frame.scrollWidth > frame.clientWidth ? 0 : -1;
  }
}

// The theme listens to the first button of each menu alone, which stands in the bar that is hidden.
function openMenus(kind, name) {
  const [first, ...others] = document.querySelectorAll(`button.${kind}-toggle`);
  for (const button of others) {
    button.setAttribute("aria-label", name);
    button.setAttribute("data-bs-original-title", name); // the tooltip
    button.addEventListener("click", () => first.click());
  }
  // A link to a place on this page is hidden behind the menu that stays open.
  const menu = document.getElementById(`pst-${kind}-sidebar-modal`);
  menu?.addEventListener("click", (event) => {
    if (event.target.closest("a[href^='#']")) menu.close();
  });
}

// A picture is a button that shows it at its own size: on a phone its words are small.
function openPictures() {
  for (const image of document.querySelectorAll("article :is(figure, .cell_output) img")) {
    if (image.closest("a, button")) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "enlarge";
    button.setAttribute("aria-label", `Enlarge: ${image.alt}`);
    image.replaceWith(button);
    button.append(image);
    button.addEventListener("click", () => showWhole(image));
  }
}

function showWhole(image) {
  const dialog = document.createElement("dialog");
  dialog.className = "enlarged";
  dialog.setAttribute("aria-label", image.alt);
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = "Close";
  const whole = new Image();
  whole.src = image.src;
  whole.alt = image.alt;
  dialog.append(close, whole);
  dialog.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
