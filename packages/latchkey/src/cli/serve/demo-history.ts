/** A history as a stream for `git fast-import`: the same data gives the same commits everywhere. */

/** The author of a commit. */
interface DemoAuthor {
  readonly name: string;
  readonly email: string;
}

/** One commit on `main`, on top of the previous one. */
export interface DemoCommit {
  readonly author: DemoAuthor;
  /** Days since the first day of the demo. */
  readonly day: number;
  readonly message: string;
  /** Path → whole content, for the files it adds or changes. */
  readonly files: Readonly<Record<string, string>>;
}

/** The first day: Monday, 5 January 2026, 09:00 UTC. */
const FIRST_DAY_AT = 1_767_603_600;
const DAY_SEC = 86_400;

/** The stream, in the format of git-fast-import(1). */
export function fastImportStream(commits: readonly DemoCommit[]): string {
  return commits
    .map(({ author, day, message, files }) => {
      const signature = `${author.name} <${author.email}> ${FIRST_DAY_AT + day * DAY_SEC} +0000`;
      const changes = Object.entries(files).map(([path, content]) => `M 100644 inline ${path}\n${dataOf(content)}`);
      return (
        `commit refs/heads/main\nauthor ${signature}\ncommitter ` +
        `${signature}\n${dataOf(`${message}\n`)}${changes.join('')}\n`
      );
    })
    .join('');
}

/** Its length counts bytes, not characters. */
function dataOf(content: string): string {
  return `data ${Buffer.byteLength(content)}\n${content}\n`;
}
