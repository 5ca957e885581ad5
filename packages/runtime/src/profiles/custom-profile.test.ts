import { describe, expect, it } from 'vitest';
import { CustomProfile, lookup, newProfile, profiles } from './custom-profile.ts';
import { profileText } from './profile-text.ts';

let names = 0;
const fresh = (): CustomProfile => new CustomProfile(`p${names++}`);

/** `count name` for each place, its innermost call alone. */
async function placesOf(profile: CustomProfile): Promise<string[]> {
  const { samples } = await profile.toProfile();
  return samples.map(({ stack: [frame], values }) => `${values[0]} ${frame?.function.name}`).sort();
}

describe('a profile of the program’s own', () => {
  it('counts values by the place that added them, and no more once they are removed', async () => {
    const profile = fresh();
    const dial = (value: unknown) => profile.add(value);
    const accept = (value: unknown) => profile.add(value);
    const values = [{}, [], () => {}, Symbol('s'), 'text', 7, undefined, null];
    for (const value of values) dial(value);
    accept(new Map());
    expect(profile.count).toBe(9);
    expect(await placesOf(profile)).toEqual(['1 accept', '8 dial']);
    for (const value of values) profile.remove(value);
    expect(await placesOf(profile)).toEqual(['1 accept']);
    expect(profile.count).toBe(1);
  });

  it('counts a value once, and misses none that it has not', async () => {
    const profile = fresh();
    const value = {};
    profile.add(value);
    profile.add(value);
    profile.remove({});
    expect(profile.count).toBe(1);
    profile.remove(value);
    profile.remove(value);
    expect(profile.count).toBe(0);
  });

  it('leaves out the innermost callers where it is told to', async () => {
    const profile = fresh();
    const track = (value: unknown) => profile.add(value, 1);
    const open = () => track({});
    open();
    expect(await placesOf(profile)).toEqual(['1 open']);
  });

  it('is in TypeScript lines, and as text as Go has it', async () => {
    const profile = fresh();
    profile.add({});
    expect(profileText(await profile.toProfile())).toMatch(
      /^p\d+ profile: total 1\n1 @ 0x1 .*\n#\t0x1\t.*\t\S*custom-profile\.test\.ts:\d+\n/,
    );
  });

  it('counts what comes from more than a thousand places together', async () => {
    const profile = fresh();
    for (let i = 0; i < 1_050; i++) new Function('p', `${'\n'.repeat(i)}p.add({})`)(profile);
    expect(profile.count).toBe(1_050);
    const { samples } = await profile.toProfile();
    expect(samples).toHaveLength(1_001);
    const other = samples.find(({ stack }) => stack[0]?.function.name === '(other places)');
    expect(other?.values).toEqual([50]);
  });

  it('counts 10,000 values that are no objects, and says how many more there were', async () => {
    const profile = newProfile('test.texts');
    for (let i = 0; i < 10_000; i++) profile.add(`text ${i}`);
    expect((await profile.toProfile()).comments).toEqual([]);
    profile.add('one more');
    profile.add('text 0');
    expect(profile.count).toBe(10_000);
    expect((await profile.toProfile()).comments).toEqual([
      expect.stringMatching(/^1 values are not counted/),
    ]);
    profile.remove('text 0');
    profile.add('room for it');
    expect(profile.count).toBe(10_000);
  });

  it('never throws, whatever the program did to errors', () => {
    const profile = fresh();
    const { prepareStackTrace, stackTraceLimit } = Error;
    Object.defineProperty(Error, 'prepareStackTrace', {
      configurable: true,
      get: () => undefined,
      set: () => {
        throw new Error('mine');
      },
    });
    try {
      profile.add({});
    } finally {
      Reflect.deleteProperty(Error, 'prepareStackTrace');
      if (prepareStackTrace !== undefined) Error.prepareStackTrace = prepareStackTrace;
    }
    expect(profile.count).toBe(1);
    expect(Error.stackTraceLimit).toBe(stackTraceLimit);
  });

  it('leaves how errors are written as it was', () => {
    const { prepareStackTrace, stackTraceLimit } = Error;
    fresh().add({});
    expect([Error.prepareStackTrace, Error.stackTraceLimit]).toEqual([prepareStackTrace, stackTraceLimit]);
  });
});

describe('newProfile', () => {
  it('answers the one that there is by that name', () => {
    const profile = newProfile('shop/one');
    expect(newProfile('shop/one')).toBe(profile);
    expect(lookup('shop/one')).toBe(profile);
    expect(profiles()).toContain(profile);
    expect(lookup('__proto__')).toBeUndefined();
  });

  it.each(['', 'heap', 'profile', 'goroutine', 'x'.repeat(201), 7 as never])('refuses %j', (name) => {
    expect(() => newProfile(name)).toThrow(/^the name of a profile is /);
  });

  it('takes a name of 200 characters, and any of them', () => {
    expect(newProfile('x'.repeat(200)).name).toHaveLength(200);
    expect(newProfile('<b>\n').name).toBe('<b>\n');
  });

  it('lists a hundred, and counts in others all the same', () => {
    while (profiles().length < 100) newProfile(`more ${names++}`);
    const unlisted = newProfile('one too many');
    unlisted.add(1);
    expect(unlisted.count).toBe(1);
    expect(lookup('one too many')).toBeUndefined();
  });
});
