/** What every page has. */
export const main = document.querySelector('main');
export const bar = document.querySelector('.bar');
export const footer = document.querySelector('footer');

/** Whether the page is one that is kept up to date. */
export const isLive = 'live' in main.dataset;

/** An element with its properties and children. */
export function make(name, properties, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

/** Read aloud, too; so it tells what somebody did or has to know, and never what the page shows. */
const said = make('p', { className: 'said', role: 'status' });
document.body.append(said);
let silence;

export function say(sentence, millis = 2_500) {
  clearTimeout(silence);
  said.textContent = sentence;
  silence = setTimeout(() => said.replaceChildren(), millis);
}
