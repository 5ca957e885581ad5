/**
 * What an object of options holds, read once; what is no object holds none (a long text would be one option for each
 * of its characters). Throws what a getter throws.
 */
export function optionsOf<Options extends object>(given: Options | null | undefined): Partial<Options> {
  return typeof given === 'object' ? { ...given } : {};
}
