import type { CallTree } from './call-tree.ts';

/** A tree takes up to some megabytes. */
const MOST = 4;

/** The latest profiles that somebody looks at in the browser: each link of their pages asks for them again. */
export class KeptTrees {
  private readonly trees = new Map<number, CallTree>();
  private last = 0;

  /** Answers the number by which it is asked for. The oldest goes when there are too many. */
  keep(tree: CallTree): number {
    this.trees.set(++this.last, tree);
    if (this.trees.size > MOST) this.trees.delete(this.last - MOST);
    return this.last;
  }

  get(number: number): CallTree | undefined {
    return this.trees.get(number);
  }
}
