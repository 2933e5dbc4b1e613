// The keyboard alone: g and a letter goes to a page, j and k walk a list.

let going = false;

export function startKeys() {
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (going) {
      going = false;
      const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (link instanceof HTMLAnchorElement) {
        event.preventDefault();
        link.click();
      }
      return;
    }
    if (event.key === "g") going = true;
    else if (event.key === "j") walk(1);
    else if (event.key === "k") walk(-1);
  });
}

/** @param {EventTarget | null} target */
function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}

/** @param {number} step */
function walk(step) {
  const stops = [...document.querySelectorAll("main .rows a.grow, main .decision h3 a, main .tile > a, main .diff > summary")];
  const at = stops.indexOf(/** @type {Element} */ (document.activeElement));
  const next = stops[at < 0 ? (step > 0 ? 0 : stops.length - 1) : Math.min(stops.length - 1, Math.max(0, at + step))];
  if (next instanceof HTMLElement) next.focus();
}
