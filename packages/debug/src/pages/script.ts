import source from '../browser/sonde.js?script';

/** The one script. Every page works without it. */
export const script: string = source;
