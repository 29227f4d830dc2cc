/**
 * Taking over a folder of repositories in which another server kept them: every folder in it is adopted, known already,
 * or left out with the reason.
 *
 * Invariant: what is in the folder is either in the report or above something that is; nothing is left out in silence.
 * Invariant: with `dryRun`, nothing changes, and the report is the one that the real run would give.
 */
import { Fault, Problem, problem } from '../../../base/errors.ts';
import type { OwnEffects } from '../../../git/repositories/own-effects.ts';
import type { Finding, Lying } from '../../../git/repositories/survey.ts';
import { repositoryNameProblem } from '../../../rules/names.ts';
import { type Account, ownerByLogin } from '../../../store/accounts.ts';
import { repositoryByName } from '../../../store/repositories.ts';
import type { Permit } from '../../decision/authorize.ts';
import type { Context } from '../../ground/context.ts';
import { registerRepository } from '../repositories.ts';

export interface AdoptionWish {
  readonly dryRun?: boolean;
  /** From a place in the folder (`group/c++.git`) to a name here (`acme/cpp`), or from an owner's folder to a login. */
  readonly map?: ReadonlyMap<string, string>;
}

interface Adopted {
  /** `ada/site` */
  readonly fullName: string;
  /** Where it lay in the folder. */
  readonly place: string;
  readonly effects: OwnEffects;
}

interface LeftOut {
  readonly place: string;
  /** In sentences, with what to do. */
  readonly why: string;
}

export interface Adoption {
  readonly adopted: readonly Adopted[];
  readonly leftOut: readonly LeftOut[];
  /** How many were registered before. */
  readonly known: number;
}

const WHY: Readonly<Record<Exclude<Lying, 'repository'>, string>> = {
  nothing: 'It holds no repository.',
  work_tree: 'It is a working copy: copy its history with "latchkey admin repo import OWNER/NAME PATH".',
  same_files: 'It is a link to files that have another name here already.',
  broken_link: 'It is a link that leads nowhere.',
  unreadable: 'The user of the server may not read it.',
  not_looked_into: 'It lies too deep in the folder, or behind too many others, to be looked into.',
};

/** A repository that can be taken over, as far as names tell. */
interface Candidate {
  readonly finding: Finding;
  readonly owner: Account;
  readonly name: string;
}

/**
 * Registers, as private, every bare repository at `<root>/<owner>/<name>.git` whose owner has an account, and those
 * that the map names, after moving them there.
 * @throws Problem when the map names a place where no repository lies; then nothing has changed
 */
export async function adoptRepositories(ctx: Context, permit: Permit, wish: AdoptionWish = {}): Promise<Adoption> {
  const names = new NewNames(wish.map ?? new Map());
  const found = await ctx.git.survey();
  const leftOut: LeftOut[] = [];
  const candidates: Candidate[] = [];
  const knownFiles: (string | null)[] = [];
  for (const finding of found) {
    const sorted = await sort(ctx, finding, names);
    if (sorted === 'known') knownFiles.push(finding.real);
    else if (typeof sorted === 'string') leftOut.push({ place: finding.place, why: sorted });
    else candidates.push(sorted);
  }
  names.demandAllUsed();
  const reached = new Set(knownFiles);
  const adopted: Adopted[] = [];
  for (const candidate of candidates) {
    const { place, real } = candidate.finding;
    if (reached.has(real)) {
      leftOut.push({ place, why: WHY.same_files });
      continue;
    }
    reached.add(real);
    try {
      adopted.push(await take(ctx, permit, candidate, wish.dryRun === true));
    } catch (error) {
      if (!(error instanceof Problem) && !(error instanceof Fault)) throw error;
      leftOut.push({ place, why: error.message });
    }
  }
  return { adopted, leftOut, known: knownFiles.length };
}

async function take(ctx: Context, permit: Permit, candidate: Candidate, dryRun: boolean): Promise<Adopted> {
  const { finding, owner, name } = candidate;
  const register = (objectFormat: 'sha1' | 'sha256'): Promise<unknown> =>
    registerRepository(ctx, permit, {
      owner,
      draft: { owner: owner.login, name, visibility: 'private' },
      action: 'repo.import',
      objectFormat,
    });
  const effects = await ctx.git.takeIn(finding.place, { owner: owner.login, name }, dryRun ? null : register);
  return { fullName: `${owner.login}/${name}`, place: finding.place, effects };
}

/** What becomes of a finding: a candidate, `known`, or the reason to leave it out. */
async function sort(ctx: Context, finding: Finding, names: NewNames): Promise<Candidate | string> {
  if (finding.lies !== 'repository') return WHY[finding.lies];
  const asked = names.of(finding.place);
  if (typeof asked === 'string') return asked;
  const hint = asked.isMapped ? '' : ` ${mapHint(finding.place)}`;
  const wrong = asked.name.startsWith('-') ? 'A name does not begin with a hyphen.' : repositoryNameProblem(asked.name);
  if (wrong !== null) return `${wrong}${hint}`;
  const owner = await ownerByLogin(ctx.store.db, asked.owner);
  if (owner === null)
    return `There is no user or organization ${asked.owner}: add it first, or give it to another one.${hint}`;
  if (owner.login !== asked.owner && !asked.isMapped) return `The account is spelled ${owner.login}.${hint}`;
  if (finding.isLink && asked.isMapped) return 'It is a link: rename it yourself.';
  const before = await repositoryByName(ctx.store.db, owner.id, asked.name);
  if (before !== null && !before.renamed) {
    const isItself = !asked.isMapped && before.repository.name === asked.name;
    return isItself ? 'known' : `${owner.login} has a repository ${before.repository.name} already.${hint}`;
  }
  const taken = names.take(`${owner.login}/${asked.name}`, finding.place);
  return taken === null
    ? { finding, owner, name: asked.name }
    : `It would have the name of ${taken}, since names differ by more than their case.${hint}`;
}

function mapHint(place: string): string {
  return `Take it with --map '${place.replaceAll("'", "'\\''")}=OWNER/NAME'.`;
}

interface NewName {
  readonly owner: string;
  readonly name: string;
  readonly isMapped: boolean;
}

/** Which name each place gets. */
class NewNames {
  readonly #map: ReadonlyMap<string, string>;
  readonly #used = new Set<string>();
  /** The new names so far, in lower case, and what gets them. */
  readonly #taken = new Map<string, string>();

  constructor(map: ReadonlyMap<string, string>) {
    this.#map = map;
  }

  /** A sentence when it has none. */
  of(place: string): NewName | string {
    const segments = place.split('/');
    const [folder = '', file = ''] = segments;
    const base = (file === '' ? folder : file).replace(/\.git$/, '');
    const whole = this.#mapped(place) ?? this.#mapped(place.replace(/\.git$/, ''));
    if (whole !== undefined) {
      const [owner = '', name = ''] = whole.split('/');
      return name === '' ? `It is to become ${whole}, which has no name: OWNER/NAME.` : { owner, name, isMapped: true };
    }
    if (segments.length === 1) return `It lies at the top, and so has no owner. ${mapHint(place)}`;
    if (segments.length > 2) return `It lies deeper than OWNER/NAME.git. ${mapHint(place)}`;
    if (!file.endsWith('.git')) return `The folder's name does not end in .git. ${mapHint(place)}`;
    const owner = this.#mapped(folder);
    return owner === undefined ? { owner: folder, name: base, isMapped: false } : { owner, name: base, isMapped: true };
  }

  #mapped(place: string): string | undefined {
    const to = this.#map.get(place);
    if (to !== undefined) this.#used.add(place);
    return to;
  }

  /** What has the name already; null when it was free. */
  take(fullName: string, place: string): string | null {
    const key = fullName.toLowerCase();
    const before = this.#taken.get(key) ?? null;
    if (before === null) this.#taken.set(key, place);
    return before;
  }

  demandAllUsed(): void {
    const left = [...this.#map.keys()].find((place) => !this.#used.has(place));
    if (left !== undefined)
      throw problem('invalid', `No repository lies at ${left} in the folder, and no owner's folder is there.`, 'map');
  }
}
