import { expect, it } from 'vitest';
import { chart } from './chart.ts';

const points = (markup: string, i = 0): number[][] =>
  ([...markup.matchAll(/points="([^"]+)"/g)][i]?.[1] ?? '')
    .trim()
    .split(' ')
    .map((point) => point.split(',').map(Number));
const write = (value: number): string => `${value} x`;

it('a line ends at the right, and the highest value is at the top', () => {
  const { markup } = chart({
    title: 'T',
    ages: [2, 1, 0],
    series: [{ name: 'a', values: [0, 10, 5] }],
    write,
  });
  expect(points(markup)).toEqual([
    [0, 200],
    [500, 0],
    [1000, 100],
  ]);
  expect(markup).toContain('up to 10 x');
  expect(markup).toContain('a <b>5 x</b>');
});

it('layers stand on each other', () => {
  const series = [
    { name: 'a', values: [1, 1] },
    { name: 'b', values: [1, 3] },
  ];
  const { markup } = chart({ title: 'T', ages: [1, 0], series, stacked: true, write });
  expect(points(markup, 1)).toEqual([
    [0, 100],
    [1000, 0],
    [1000, 150],
    [0, 150],
  ]);
});

it('where there is no height, there is a line at the bottom, and no number that is none', () => {
  const { markup } = chart({ title: 'T', ages: [0], series: [{ name: 'a', values: [0] }], write });
  expect(points(markup)).toEqual([[1000, 200]]);
  expect(markup).not.toMatch(/NaN|Infinity/);
});

it('of many moments in a column, the highest is shown', () => {
  const values = Array.from({ length: 1_500 }, (_, i) => (i === 700 ? 9 : 1));
  const ages = values.map((_, i) => 1_499 - i);
  const { markup } = chart({ title: 'T', ages, series: [{ name: 'a', values }], write });
  expect(points(markup)).toHaveLength(200);
  expect(points(markup).filter(([, y]) => y === 0)).toHaveLength(1);
});
