// Sends forms without leaving the page. The answer is the page itself, as it would have come without this.
import { morph, parse } from "./morph.js";

export function startForms() {
  document.addEventListener("submit", event => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.matches("[data-act]") || event.defaultPrevented) return;
    if (form.action.endsWith("/sign-out")) return;
    event.preventDefault();
    send(form, event.submitter);
  });
  const signIn = document.querySelector("form[data-sign-in]");
  // Following the link was the wish; the button is for who has no script.
  if (signIn instanceof HTMLFormElement) signIn.requestSubmit();
}

/** @param {HTMLFormElement} form @param {HTMLElement | null} submitter */
async function send(form, submitter) {
  if (form.getAttribute("aria-busy") === "true") return;
  form.setAttribute("aria-busy", "true");
  form.querySelector(":scope > .wrong[data-mine]")?.remove();
  try {
    const answer = await fetch(form.action, { method: "POST", body: bodyOf(form, submitter), headers: { Accept: "text/html" } });
    if (!answer.headers.get("content-type")?.startsWith("text/html")) throw new Error(await answer.text());
    show(parse(await answer.text()), answer, form);
  } catch (error) {
    complain(form, error instanceof TypeError ? "The plane does not answer. Nothing was sent; try again in a moment." : String(error instanceof Error ? error.message : error));
  } finally {
    form.removeAttribute("aria-busy");
  }
}

/** @param {HTMLFormElement} form @param {HTMLElement | null} submitter */
function bodyOf(form, submitter) {
  const data = new FormData(form, submitter);
  return form.enctype === "multipart/form-data" ? data : new URLSearchParams(/** @type {any} */ (data));
}

/** @param {Document} page @param {Response} answer @param {HTMLFormElement} form */
function show(page, answer, form) {
  const main = page.querySelector("main");
  const here = document.querySelector("main");
  if (!main || !here || page.body.className !== document.body.className) {
    location.assign(answer.url);
    return;
  }
  const taken = answer.ok;
  if (taken) {
    document.dispatchEvent(new CustomEvent("muster:taken", { detail: form }));
    form.reset();
    form.closest("details[data-menu]")?.removeAttribute("open");
  }
  document.title = page.title;
  document.documentElement.dataset.theme = page.documentElement.dataset.theme;
  for (const around of [".side", "#chat"]) {
    const shown = document.querySelector(around);
    const wanted = page.querySelector(around);
    if (shown && wanted) morph(shown, wanted);
  }
  morph(here, main);
  if (page.body.dataset.seq) document.body.dataset.seq = page.body.dataset.seq;
  moved(page, answer);
  document.dispatchEvent(new Event("muster:shown"));
  document.dispatchEvent(new Event("muster:changed"));
  if (!taken) document.querySelector("[aria-invalid=true], .wrong")?.scrollIntoView({ block: "nearest" });
  if (!taken) /** @type {HTMLElement | null} */ (document.querySelector("[aria-invalid=true]"))?.focus();
  // Where the form was is another thing now, or nothing: the next keystroke must not begin at the top.
  if (taken && (!document.activeElement || document.activeElement === document.body)) here.focus({ preventScroll: true });
}

/** A form may lead to another page. @param {Document} page @param {Response} answer */
function moved(page, answer) {
  const to = new URL(answer.url);
  if (!answer.redirected || to.pathname + to.search === location.pathname + location.search) return;
  history.pushState(null, "", to);
  document.body.dataset.live = page.body.dataset.live;
  addEventListener("popstate", () => location.reload(), { once: true });
}

/** @param {HTMLFormElement} form @param {string} text */
function complain(form, text) {
  let line = /** @type {HTMLElement | null} */ (form.querySelector(":scope > .wrong"));
  if (!line) {
    line = document.createElement("p");
    line.className = "wrong";
    line.setAttribute("role", "alert");
    line.dataset.mine = "";
    form.prepend(line);
  }
  line.textContent = text;
}
