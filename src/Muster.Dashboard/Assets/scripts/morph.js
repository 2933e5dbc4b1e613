// Makes one tree look like another with the fewest changes, so that focus, selection, scroll, typed text and what is unfolded stay.

const asIs = { createHTML: (/** @type {string} */ text) => text, createScriptURL: (/** @type {string} */ text) => text };
/** @type {{createHTML(text: string): any, createScriptURL(text: string): any}} */
const trusted = globalThis.trustedTypes?.createPolicy("muster", asIs) ?? asIs;

/** The address of a script of our own. @param {string} path */
export function trustedAddress(path) {
  return trusted.createScriptURL(path);
}

/**
 * Markup of our own server as a document; scripts in it never run.
 * @param {string} html
 * @returns {Document}
 */
export function parse(html) {
  return new DOMParser().parseFromString(trusted.createHTML(html), "text/html");
}

/**
 * A region of which only the parts came that look different now; of the others only where they stand, in whatever list that is.
 * @param {Element} from what is shown
 * @param {Element} to what it should look like
 * @returns {boolean} whether all that is to stay was there
 */
export function renew(from, to) {
  /** @type {Map<string, Element>} */
  const parts = new Map();
  const same = [...to.querySelectorAll("[data-same]")];
  if (same.length > 0) for (const part of from.querySelectorAll("[data-part]")) parts.set(part.id, part);
  if (!same.every(place => parts.has(place.id))) return false;
  morph(from, to, parts);
  return true;
}

/**
 * @param {Element} from what is shown
 * @param {Element} to what it should look like
 * @param {Map<string, Element>} [parts] what may stay as it is, by id
 */
export function morph(from, to, parts = new Map()) {
  if (from.tagName !== to.tagName) {
    from.replaceWith(made(to, parts));
    return;
  }
  attributes(from, to);
  if (from instanceof HTMLTextAreaElement) {
    value(from, to.textContent ?? "");
    return;
  }
  children(from, to, parts);
}

/** @param {Element} from @param {Element} to */
function attributes(from, to) {
  const typed = from instanceof HTMLInputElement && from.value !== from.defaultValue;
  for (const { name, value: wanted } of to.attributes) {
    // What a person has unfolded, and what they are typing, is theirs.
    if (name === "open" || (name === "value" && typed)) continue;
    if (from.getAttribute(name) !== wanted) {
      from.setAttribute(name, wanted);
      if (name === "value" && from instanceof HTMLInputElement) from.value = wanted;
    }
  }
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && name !== "open" && name !== "style" && name !== "data-loaded" && name !== "data-held") from.removeAttribute(name);
  }
}

/** @param {HTMLTextAreaElement} area @param {string} wanted */
function value(area, wanted) {
  const typed = area.value !== area.defaultValue;
  if (area.defaultValue !== wanted) area.defaultValue = wanted;
  if (!typed && area.value !== wanted) area.value = wanted;
}

/** @param {Element} from @param {Element} to @param {Map<string, Element>} parts */
function children(from, to, parts) {
  // What was fetched into a fold is not in the page that came.
  if (from.hasAttribute("data-loaded")) return;
  /** @type {Map<string, Element>} */
  const named = new Map();
  for (const child of from.children) if (child.id) named.set(child.id, child);
  const all = [...to.childNodes].filter(node => !(node instanceof Comment));
  // What is gone goes first, so that what stays need not be moved, which would take the focus from it.
  const stay = new Set(all.map(node => node instanceof Element ? node.id : ""));
  for (const [id, child] of named) if (!stay.has(id) && !child.hasAttribute("data-mine")) child.remove();
  let at = after(from.firstChild);
  for (const [place, wanted] of all.entries()) {
    const same = wanted instanceof Element && wanted.id ? named.get(wanted.id) ?? parts.get(wanted.id) : undefined;
    if (same) {
      if (same !== at) from.insertBefore(same, at);
      else at = after(at.nextSibling);
      if (!(/** @type {Element} */ (wanted).hasAttribute("data-same"))) morph(same, /** @type {Element} */ (wanted), parts);
      continue;
    }
    at = passed(at, wanted, all.slice(place + 1));
    if (at && fits(at, wanted)) {
      const next = after(at.nextSibling);
      if (wanted instanceof Element) morph(/** @type {Element} */ (at), wanted, parts);
      else if (at.nodeValue !== wanted.nodeValue) at.nodeValue = wanted.nodeValue;
      at = next;
      continue;
    }
    from.insertBefore(made(wanted, parts), at);
  }
  while (at) {
    const next = after(at.nextSibling);
    at.remove();
    at = next;
  }
}

/**
 * What was not there, with the parts in it that were elsewhere.
 * @param {Node} wanted @param {Map<string, Element>} parts
 */
function made(wanted, parts) {
  const node = document.importNode(wanted, true);
  if (node instanceof Element) for (const place of node.querySelectorAll("[data-same]")) place.replaceWith(parts.get(place.id) ?? "");
  return node;
}

/**
 * Where what is wanted stands, when all that stands before it is not wanted any more: then that goes. An error that is no more
 * must not take the field behind it along, with what was typed into it.
 * @param {ChildNode | null} at @param {Node} wanted @param {Node[]} rest wanted after it
 */
function passed(at, wanted, rest) {
  /** @type {ChildNode[]} */
  const gone = [];
  for (let node = at; node; node = after(node.nextSibling)) {
    if (fits(node, wanted)) {
      for (const old of gone) old.remove();
      return node;
    }
    if (comes(node, rest)) break;
    gone.push(node);
  }
  return at;
}

/** @param {ChildNode} shown @param {Node[]} rest */
function comes(shown, rest) {
  return shown instanceof Element && shown.id ? rest.some(wanted => wanted instanceof Element && wanted.id === shown.id) : rest.some(wanted => fits(shown, wanted));
}

/**
 * The first of these that the server has made for people to see: what a person has opened here is theirs, and marks are the server's.
 * @param {ChildNode | null} node
 */
function after(node) {
  while (node instanceof Comment || (node instanceof Element && node.hasAttribute("data-mine"))) node = node.nextSibling;
  return node;
}

/** @param {Node} shown @param {Node} wanted */
function fits(shown, wanted) {
  if (shown.nodeType !== wanted.nodeType) return false;
  if (!(shown instanceof Element) || !(wanted instanceof Element)) return true;
  return shown.tagName === wanted.tagName && !shown.id && !wanted.id;
}
