/** The completion script for fish: a line for each word and value. */
import { type Lists, type Offer, type Place, plain, quoted } from './places.ts';

export function fishScript(places: readonly Place[], lists: Lists): string {
  const paths = places.map(({ path }) => path).filter((path) => path !== '');
  return `# fish completion of latchkey
set -g __latchkey_paths ${paths.join(' ')}
function __latchkey_at
  set -l path ''
  for word in (commandline -opc)[2..-1]
    string match -q -- '-*' $word; and continue
    set -l next "$path/$word"
    test -z "$path"; and set next $word
    contains -- $next $__latchkey_paths; and set path $next
  end
  test "$path" = "$argv[1]"
end
function __latchkey_offer
  switch $argv[1]
${[...lists].map(([name, words]) => `    case ${quoted(name)}\n      printf '%s\\n' ${words.join(' ')}`).join('\n')}
    case '*'
      command latchkey completion --values $argv[1] 2>/dev/null </dev/null
  end
end
complete -c latchkey -f
${places.flatMap(linesOf).join('\n')}`;
}

function linesOf({ path, words, arguments: args }: Place): string[] {
  const start = `complete -c latchkey -n ${quoted(`__latchkey_at ${path === '' ? "''" : path}`)}`;
  return [
    ...words.map(({ word, about, offer }) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)} ${valueOf(offer)}`.trimEnd() : `-a ${word}`;
      return `${start} ${what} -d ${quoted(plain(about))}`;
    }),
    ...args.map((offer) => `${start} ${offer.name === 'files' ? '-F' : valueOf(offer).replace(/^-[xr] ?/, '')}`),
  ].filter((line) => line !== `${start} `);
}

function valueOf(offer: Offer | null): string {
  if (offer === null) return '';
  if (offer.name === 'files') return '-rF';
  return offer.name === '-' ? '-x' : `-x -a ${quoted(`(__latchkey_offer ${quoted(offer.name)})`)}`;
}
