// The keyboard alone: g and a letter goes to a page, j and k walk a list; the page of shortcuts names them all.
import { over } from "./palette.js";

let going = false;

export function startKeys() {
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]") || document.body.dataset.keys === "off") return;
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
    else if (event.key === "?") over("/shortcuts");
    else if (event.key === "/") take(event, document.querySelector("main input[type=search]"), () => over("/find"));
    else if (event.key === "s") take(event, [...document.querySelectorAll("[data-enter]")].find(a => a.checkVisibility()), say);
  });
}

/** @param {KeyboardEvent} event @param {Element | null | undefined} field @param {() => void} otherwise */
function take(event, field, otherwise) {
  event.preventDefault();
  if (field instanceof HTMLElement) field.focus();
  else otherwise();
}

/** Opens the conversation beside the page where there is room for it. */
function say() {
  const toggle = document.querySelector(".toggle button");
  if (!(toggle instanceof HTMLElement) || !toggle.checkVisibility()) {
    location.assign("/chat");
    return;
  }
  document.addEventListener("muster:shown", () => /** @type {HTMLElement | null} */ (document.querySelector("#chat textarea"))?.focus(), { once: true });
  toggle.click();
}

/** @param {EventTarget | null} target */
function typing(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}

/** @param {number} step */
function walk(step) {
  const stops = [...document.querySelectorAll("main .rows a.grow, main .decision h3 a, main .tile > a, main .tile header a, main .diff > summary")];
  const at = stops.indexOf(/** @type {Element} */ (document.activeElement));
  const next = stops[at < 0 ? (step > 0 ? 0 : stops.length - 1) : Math.min(stops.length - 1, Math.max(0, at + step))];
  if (next instanceof HTMLElement) next.focus();
}
