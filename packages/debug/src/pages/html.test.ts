import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html } from './html.ts';
import { cut, duration, visible } from './text.ts';

describe('a template', () => {
  it('escapes its values in text and in attributes', () => {
    const evil = `<script>alert("1")</script>&'`;
    expect(html`<p title="${evil}">${evil}</p>`.markup).toBe(
      '<p title="&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;">' +
        '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;</p>',
    );
  });

  it('leaves out what is not there, and nests', () => {
    const rows = [1, 2].map((n) => html`<li>${n}</li>`);
    expect(html`<ul class="a${false}${undefined}${null}">${rows}</ul>`.markup).toBe(
      '<ul class="a"><li>1</li><li>2</li></ul>',
    );
  });

  it('lets nothing through that a browser could take for markup or that a reader could not see', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { markup } = html`${text}`;
        expect(markup).not.toMatch(/[<>"']/);
        expect(markup.replace(/&(?:amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
        expect(markup).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
        expect(markup.isWellFormed()).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('text of strangers', () => {
  it.each([
    ['a\0b', 'a␀b'],
    ['bell\x07', 'bell␇'],
    ['\x1b[31m', '␛[31m'],
    ['del\x7f', 'del␡'],
    ['c1\x9b', 'c1\\u009b'],
    ['rtl\u202e', 'rtl\\u202e'],
    ['half\ud83d', 'half\ufffd'],
    ['tab\tand\nline', 'tab\tand\nline'],
    ['ordinary äöü 😀', 'ordinary äöü 😀'],
  ])('%j is shown as %j', (text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it('is cut at its limit, between whole characters, with its length told', () => {
    expect(cut('x'.repeat(10), 10)).toBe('x'.repeat(10));
    expect(cut('x'.repeat(65_536), 10)).toBe(`${'x'.repeat(10)}… (65,536 characters)`);
    expect(cut('ab😀d', 3)).toBe('ab… (5 characters)');
  });
});

describe('a duration', () => {
  it.each([
    [0, '0 µs'],
    [0.000_004, '4 µs'],
    [0.000_999, '999 µs'],
    [0.000_999_6, '1.00 ms'],
    [0.012_34, '12.3 ms'],
    [0.999_4, '999 ms'],
    [0.999_6, '1.00 s'],
    [12.345, '12.3 s'],
    [99.96, '1 min 39 s'],
    [3_599, '59 min 59 s'],
    [3_660, '1 h 1 min'],
  ])('of %d s reads %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});
