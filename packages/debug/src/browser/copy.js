import { main, make, say } from './page.js';

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Over plain HTTP from another machine there is none; the old way is open there.
    const field = make('textarea', { value: text });
    document.body.append(field);
    field.select();
    const copied = document.execCommand('copy');
    field.remove();
    if (!copied) return say('The browser lets nothing be copied here; mark the text and copy it by hand.');
  }
  say(`Copied ${text}`);
}

/** A button after each text that is worth it and can be seen. */
function addButtons(root) {
  for (const code of root.querySelectorAll('code.copy')) {
    if (code.nextElementSibling?.className === 'copier' || !code.checkVisibility()) continue;
    const what = code.closest('div')?.querySelector('dt')?.textContent ?? 'text';
    const button = make('button', { type: 'button', className: 'copier', ariaLabel: `copy ${what}` }, 'copy');
    button.addEventListener('click', () => copy(code.textContent));
    code.after(button);
  }
}

addButtons(main);
// The details of a span, when they are opened.
main.addEventListener('toggle', ({ target }) => addButtons(target), true);
