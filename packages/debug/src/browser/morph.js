/** What tells a row among its siblings: its family, its link, or its first cell; of anything else the id. */
function keyOf(node) {
  if (node.nodeName !== 'TR') return node.id || undefined;
  if (node.className === 'line-row') return undefined;
  const name = node.querySelector('th')?.textContent;
  return name ?? node.querySelector('a[href]')?.getAttribute('href') ?? node.firstElementChild?.textContent;
}

/**
 * Makes the children of `old` equal to those of `fresh`, of which it takes what it needs. What is in both stays the node
 * that it was, with its focus, selection and place on the screen.
 */
export function morph(old, fresh) {
  const keyed = keepKeyed(old, new Set([...fresh.children].map(keyOf)));
  let next = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    // What is between elements comes and goes with the parser, and must not keep them apart.
    if (next?.nodeType === Node.TEXT_NODE && child.nodeType !== Node.TEXT_NODE) next = drop(next);
    const key = keyOf(child);
    const same = key !== undefined ? keyed.get(key) : next && keyOf(next) === undefined ? next : undefined;
    if (same?.nodeName !== child.nodeName) {
      old.insertBefore(child, next);
      continue;
    }
    keyed.delete(key);
    if (same === next) next = next.nextSibling;
    else old.insertBefore(same, next);
    update(same, child);
  }
  while (next !== null) next = drop(next);
}

/** Answers what came after. */
function drop(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

/**
 * By their keys, the children that stay. Those that go do so first: what stays then need not be moved, which would take the
 * focus from it.
 */
function keepKeyed(old, keys) {
  const keyed = new Map();
  for (const child of [...old.children]) {
    const key = keyOf(child);
    if (key === undefined) continue;
    if (keys.has(key) && !keyed.has(key)) keyed.set(key, child);
    else child.remove();
  }
  return keyed;
}

function update(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    // What is opened was opened by whoever looks.
    if (name !== 'open' && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  morph(old, fresh);
}
