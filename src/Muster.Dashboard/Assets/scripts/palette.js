// What opens over the page: the palette (Ctrl-K) and the shortcuts (?). Both are pages of their own; only their part is fetched.
import { parse } from "./morph.js";

/** @type {HTMLElement | null} Where the keyboard was. */
let before = null;
let asked = 0;

export function startPalette() {
  document.addEventListener("keydown", event => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    over("/find");
  });
  document.addEventListener("click", event => {
    const link = /** @type {Element} */ (event.target).closest?.("a[data-over]");
    if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    over(link.pathname);
  });
}

/** @param {string} path The page whose part is shown over this one. */
export async function over(path) {
  const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById("over"));
  if (!dialog || dialog.open) return;
  const part = await fetchPart(path);
  if (!part) {
    location.assign(path);
    return;
  }
  before = /** @type {HTMLElement | null} */ (document.activeElement);
  dialog.setAttribute("aria-label", part.getAttribute("aria-label") ?? "");
  dialog.replaceChildren(part);
  dialog.addEventListener("close", () => { dialog.replaceChildren(); before?.focus(); }, { once: true });
  dialog.onclick = event => { if (event.target === dialog) dialog.close(); };
  dialog.showModal();
  if (part.hasAttribute("data-palette")) palette(dialog, part);
  else {
    part.tabIndex = -1;
    part.focus();
  }
}

/** @param {string} path @returns {Promise<HTMLElement | null>} */
async function fetchPart(path) {
  try {
    const answer = await fetch(path, { headers: { Accept: "text/html" } });
    const part = answer.ok ? parse(await answer.text()).querySelector("[data-part]") : null;
    return part && /** @type {HTMLElement} */ (document.importNode(part, true));
  } catch {
    // The plane is away; following the link says so.
    return null;
  }
}

/** @param {HTMLDialogElement} dialog @param {HTMLElement} part */
function palette(dialog, part) {
  const input = /** @type {HTMLInputElement} */ (part.querySelector("input"));
  input.id = "palette-q";
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", "palette-found");
  input.setAttribute("aria-label", "Find or do something");
  part.querySelector("button")?.remove();
  dress(part, input);
  input.focus();
  input.addEventListener("input", async () => {
    const mine = ++asked;
    const news = await fetchPart(`/find?q=${encodeURIComponent(input.value)}`);
    // Whoever types faster than answers come sees the last.
    if (!news || mine !== asked) return;
    for (const place of ["[data-found]", "[data-count]"]) part.querySelector(place)?.replaceWith(/** @type {Element} */ (news.querySelector(place)));
    dress(part, input);
  });
  input.addEventListener("keydown", event => {
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step) {
      event.preventDefault();
      const all = options(part);
      choose(all, (all.findIndex(o => o.ariaSelected === "true") + step + all.length) % all.length, input);
    } else if (event.key === "Enter") {
      event.preventDefault();
      options(part).find(o => o.ariaSelected === "true")?.click();
    }
  });
  part.addEventListener("click", event => {
    const option = /** @type {Element} */ (event.target).closest("[role=option]");
    if (!(option instanceof HTMLAnchorElement)) return;
    const press = option.dataset.press;
    if (option.pathname === "/shortcuts") {
      event.preventDefault();
      dialog.close();
      setTimeout(() => over("/shortcuts"));
    } else if (press) {
      event.preventDefault();
      before = null;
      dialog.close();
      act(press);
    }
  });
}

/** @param {string} press a control that is pressed, or by its number on the page one that is shown and waits for a second Enter */
function act(press) {
  if (!press.startsWith("@")) {
    /** @type {HTMLElement | null} */ (document.querySelector(press))?.click();
    return;
  }
  const control = controls()[Number(press.slice(1))];
  if (control?.tagName === "SUMMARY") control.click();
  control?.scrollIntoView({ block: "center" });
  if (!control?.parentElement?.hasAttribute("open")) control?.focus();
}

/** What can be done on this page. @returns {HTMLElement[]} */
function controls() {
  return [...document.querySelectorAll("main form[data-act] button.button, main .ask > summary")].map(c => /** @type {HTMLElement} */ (c)).filter(c => c.checkVisibility());
}

/** @param {HTMLElement} part @returns {HTMLElement[]} */
function options(part) {
  return [...part.querySelectorAll("[role=option]")].map(o => /** @type {HTMLElement} */ (o));
}

/** Makes a list to choose from of links, and adds what this page itself can do. @param {HTMLElement} part @param {HTMLInputElement} input */
function dress(part, input) {
  const list = /** @type {HTMLElement} */ (part.querySelector("[data-found]"));
  const words = input.value.toLowerCase().split(" ").filter(Boolean);
  const here = controls().map((control, number) => ({ name: label(control), number })).filter(c => c.name && words.every(w => c.name.toLowerCase().includes(w))).slice(0, 6);
  if (here.length) list.append(group(here));
  list.id = "palette-found";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Results");
  for (const one of list.querySelectorAll("section")) one.setAttribute("role", "group");
  for (const head of list.querySelectorAll("h2")) head.setAttribute("aria-hidden", "true");
  list.querySelectorAll("a").forEach((link, number) => {
    link.setAttribute("role", "option");
    link.id = `palette-${number}`;
    link.tabIndex = -1;
  });
  const all = options(part);
  input.setAttribute("aria-expanded", String(all.length > 0));
  const count = part.querySelector("[data-count]");
  if (count) count.textContent = all.length === 1 ? "1 result" : `${all.length} results`;
  choose(all, 0, input);
}

/** @param {HTMLElement} control */
function label(control) {
  const what = control.textContent?.trim() ?? "";
  const about = control.closest("article")?.querySelector("h3")?.textContent?.trim();
  return about ? `${what}: ${about}` : what;
}

/** @param {{name: string, number: number}[]} here */
function group(here) {
  const section = document.createElement("section");
  section.setAttribute("aria-label", "On this page");
  const head = document.createElement("h2");
  head.textContent = "On this page";
  section.append(head, ...here.map(({ name, number }) => {
    const link = document.createElement("a");
    link.href = "#";
    link.dataset.press = `@${number}`;
    link.textContent = name;
    return link;
  }));
  return section;
}

/** @param {HTMLElement[]} all @param {number} at @param {HTMLInputElement} input */
function choose(all, at, input) {
  all.forEach((option, number) => { option.ariaSelected = String(number === at); });
  const chosen = all[at];
  if (chosen) input.setAttribute("aria-activedescendant", chosen.id);
  else input.removeAttribute("aria-activedescendant");
  chosen?.scrollIntoView({ block: "nearest" });
}
