/**
 * The forms in which people get the client: which file is for whom, and the lines that install it with its digest
 * looked at. `npm run build:cli` makes these files, and `/download` offers them.
 */

/** The npm package, for people who have Node. */
export const CLIENT_PACKAGE = 'latchkey-cli.tgz';
/** Digests of the files beside it, in the format of `sha256sum`. */
export const DIGEST_FILE = 'SHA256SUMS';

export interface ClientExecutable {
  readonly file: string;
  /** For whom, by the usual name of the system. */
  readonly system: string;
  /** Lines to paste. `url` is the address of the file, `sha256` its digest in hex. */
  readonly install: (url: string, sha256: string) => string;
}

/** Puts a file in place only if its digest is right. */
const installer =
  (checkDigest: string, then: readonly string[] = []) =>
  (url: string, sha256: string): string =>
    [
      '(mkdir -p ~/.local/bin && cd ~/.local/bin',
      `curl -fsSLo latchkey.new ${url}`,
      `echo "${sha256}  latchkey.new" | ${checkDigest}`,
      ...then,
      'chmod +x latchkey.new && mv latchkey.new latchkey)',
    ].join(' &&\n  ');

const onLinux = installer('sha256sum -c');
// Apple's processors run nothing without a signature. This one only says that this machine trusts the file.
const onMacos = installer('shasum -a 256 -c', ['codesign --force --sign - latchkey.new']);
const onWindows = (url: string, sha256: string): string =>
  [
    `Invoke-WebRequest ${url} -OutFile latchkey.exe`,
    `if ((Get-FileHash latchkey.exe).Hash -ne '${sha256}') { Remove-Item latchkey.exe; throw 'wrong digest' }`,
  ].join('\n');

export const CLIENT_EXECUTABLES: readonly ClientExecutable[] = [
  { file: 'latchkey-linux-x64', system: 'Linux on x86-64', install: onLinux },
  { file: 'latchkey-linux-arm64', system: 'Linux on ARM64', install: onLinux },
  { file: 'latchkey-macos-arm64', system: 'macOS on Apple’s processors', install: onMacos },
  { file: 'latchkey-macos-x64', system: 'macOS on Intel’s processors', install: onMacos },
  { file: 'latchkey-windows-x64.exe', system: 'Windows on x86-64, in PowerShell', install: onWindows },
];
