// What opens over the page closes by Escape, by a click beside it, and when another opens.

export function startMenus() {
  for (const here of document.querySelectorAll(".tabs [aria-current], .side nav [aria-current]")) {
    // On a narrow screen the bar is longer than the screen; only the bar itself is moved.
    const bar = here.closest(".tabs, nav");
    if (bar && here instanceof HTMLElement) bar.scrollLeft = here.offsetLeft - (bar.clientWidth - here.offsetWidth) / 2;
  }
  document.addEventListener("toggle", event => {
    const menu = event.target;
    if (!(menu instanceof HTMLDetailsElement) || !menu.matches("[data-menu]") || !menu.open) return;
    for (const other of document.querySelectorAll("details[data-menu][open]")) if (other !== menu && !other.contains(menu)) other.removeAttribute("open");
    /** @type {HTMLElement | null} */ (menu.querySelector("textarea, input:not([type=hidden])"))?.focus();
  }, true);
  document.addEventListener("click", event => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) if (!menu.contains(/** @type {Node} */ (event.target))) menu.removeAttribute("open");
  });
  document.addEventListener("keydown", event => {
    if (event.key !== "Escape") return;
    const menu = document.querySelector("details[data-menu][open]");
    if (!menu) return;
    menu.removeAttribute("open");
    menu.querySelector("summary")?.focus();
    event.preventDefault();
  });
}
