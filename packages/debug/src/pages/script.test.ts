import { expect, it } from 'vitest';
import { script } from './script.ts';
import { stylesheet } from './style.ts';

it('the script is small, whole, and as it can be read', () => {
  expect(Buffer.byteLength(script)).toBeLessThanOrEqual(10_000);
  for (const part of [
    'function morph(',
    'async function connect(',
    'async function copy(',
    'const KEYS = [',
  ]) {
    expect(script).toContain(part);
  }
  // Each module begins with its name, which is all that is left of comments.
  expect(script.match(/\/[/*].*/g)).toEqual(
    ['page', 'copy', 'morph', 'rows', 'live', 'keys'].map((name) => `// ${name}.js`),
  );
  expect(script).not.toMatch(/^import |<\/script/m);
});

it('the script makes no markup of text, runs none, and asks nobody but its own server', () => {
  expect(script).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function/);
  expect(script).not.toMatch(/https?:|import\(/);
  expect(script.match(/fetch\([^,)]*/g)).toEqual(['fetch(location.href']);
});

it('what the script adds has a look', () => {
  const classes = [...script.matchAll(/className: "([^"]+)"/g)].map((match) => match[1]);
  expect(classes.length).toBeGreaterThan(3);
  for (const name of classes) expect(stylesheet).toContain(`.${name}`);
});
