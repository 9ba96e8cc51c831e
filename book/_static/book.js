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
});
