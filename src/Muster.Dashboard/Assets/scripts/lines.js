// Comments at lines of a change: opened by a line's number, written there, sent with all others. Arrows walk the numbers.

const number = 'button[form="lines"]';

export function startLines() {
  rove();
  document.addEventListener("muster:changed", rove);
  document.addEventListener("toggle", rove, true);
  document.addEventListener("click", event => {
    const target = /** @type {Element} */ (event.target);
    const line = target.closest(number);
    const drop = target.closest("[data-drop]");
    if (line instanceof HTMLButtonElement) open(line);
    else if (drop) close(/** @type {HTMLElement} */ (drop.closest("tr")));
    else return;
    event.preventDefault();
  });
  document.addEventListener("keydown", event => {
    const target = /** @type {HTMLElement} */ (event.target);
    const draft = /** @type {HTMLElement | null} */ (target.closest?.("tr.draft"));
    if (target.matches?.(number) && (event.key === "ArrowDown" || event.key === "ArrowUp")) walk(target, event.key === "ArrowDown" ? 1 : -1);
    else if (draft && event.key === "Escape" && !(/** @type {HTMLTextAreaElement} */ (draft.querySelector("textarea")).value)) close(draft);
    else if (draft && event.key === "Enter" && (event.ctrlKey || event.metaKey)) draft.querySelector("button")?.click();
    else return;
    event.preventDefault();
  });
  document.addEventListener("muster:taken", event => {
    // The page may have heard of it before the answer came, and have no such form any more.
    const { id } = /** @type {CustomEvent} */ (event).detail;
    for (const field of document.querySelectorAll(`[data-mine] [form="${CSS.escape(id)}"]`)) field.closest("[data-mine]")?.remove();
  });
}

/** One number of a file is on the way of the Tab key, the others are reached from it. */
function rove() {
  for (const file of document.querySelectorAll(".diff[open] tbody")) {
    const lines = file.querySelectorAll(number);
    const at = [...lines].find(line => line === document.activeElement) ?? lines[0];
    for (const line of lines) /** @type {HTMLElement} */ (line).tabIndex = line === at ? 0 : -1;
  }
}

/** @param {HTMLElement} from @param {number} step */
function walk(from, step) {
  const lines = [.../** @type {Element} */ (from.closest("tbody")).querySelectorAll(number)];
  const next = /** @type {HTMLElement | undefined} */ (lines[lines.indexOf(from) + step]);
  if (!next) return;
  from.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

/** @param {HTMLButtonElement} line */
function open(line) {
  const row = /** @type {HTMLElement} */ (line.closest("tr"));
  const id = `d-${line.closest(".diff")?.id.slice(2)}-${line.textContent}`;
  const there = document.getElementById(id);
  const template = /** @type {HTMLTemplateElement | null} */ (document.getElementById("draft"));
  if (there || !template) {
    there?.querySelector("textarea")?.focus();
    return;
  }
  const draft = /** @type {HTMLElement} */ (document.importNode(/** @type {Element} */ (template.content.querySelector("tr")), true));
  const text = /** @type {HTMLTextAreaElement} */ (draft.querySelector("textarea"));
  draft.id = id;
  draft.dataset.mine = "";
  text.id = `${id}-text`;
  text.name = `at:${line.value}`;
  draft.querySelector("label")?.setAttribute("for", text.id);
  /** @type {HTMLElement} */ (draft.querySelector("[data-line]")).textContent = line.textContent;
  let last = row;
  while (last.nextElementSibling?.matches(".note")) last = /** @type {HTMLElement} */ (last.nextElementSibling);
  last.after(draft);
  text.focus();
}

/** @param {HTMLElement} draft */
function close(draft) {
  let row = draft.previousElementSibling;
  while (row?.matches(".note, .draft")) row = row.previousElementSibling;
  draft.remove();
  /** @type {HTMLElement | null | undefined} */ (row?.querySelector(number))?.focus();
}
