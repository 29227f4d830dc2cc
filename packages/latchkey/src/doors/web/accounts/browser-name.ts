/** What a browser calls itself, in words: "Firefox on Windows". A guess for people's eyes; nothing depends on it. */

const BROWSERS: readonly (readonly [string, RegExp])[] = [
  ['Edge', /\bEdgA?\//],
  ['Opera', /\bOPR\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Chrome|CriOS|HeadlessChrome)\//],
  ['Safari', /\bSafari\//],
  ['curl', /^curl\//],
];
const SYSTEMS: readonly (readonly [string, RegExp])[] = [
  ['Android', /\bAndroid\b/],
  ['iOS', /\b(?:iPhone|iPad)\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMacintosh\b/],
  ['Linux', /\bLinux\b/],
];

const MAX_SHOWN_LENGTH = 60;

export function browserName(userAgent: string): string {
  const browser = BROWSERS.find(([, form]) => form.test(userAgent))?.[0];
  const system = SYSTEMS.find(([, form]) => form.test(userAgent))?.[0];
  if (browser === undefined)
    return userAgent === '' ? 'A browser without a name' : userAgent.slice(0, MAX_SHOWN_LENGTH);
  return system === undefined ? browser : `${browser} on ${system}`;
}
