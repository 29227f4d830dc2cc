/**
 * The completion scripts for bash (3.2 and later: macOS) and zsh. Both read the line with the same functions, which
 * `_latchkey_look` begins: where the line is in the tree, and whose value comes next.
 */
import { type Lists, type Offer, type Place, plain, quoted } from './places.ts';

/** Patterns of a `case`, by what they lead to. */
function cases(entries: readonly (readonly [key: string, offer: Offer])[]): string {
  const keys = new Map<string, string[]>();
  for (const [key, { name, repeats }] of entries) {
    const does = `_lk_offer=${quoted(name)} _lk_repeats=${repeats ? 1 : ''}`;
    keys.set(does, [...(keys.get(does) ?? []), `'${key}'`]);
  }
  return [...keys].map(([does, patterns]) => `    ${patterns.join('|')}) ${does} ;;`).join('\n');
}

function shared(places: readonly Place[], lists: Lists): string {
  const paths = places.map(({ path }) => path).filter((path) => path !== '');
  const options = places.flatMap(({ path, words }) =>
    words.flatMap(({ word, offer }) => (offer === null ? [] : [[`${path} ${word}`, offer] as const])),
  );
  const args = places.flatMap(({ path, arguments: offers }) =>
    offers.map((offer, nth) => [`${path} ${nth}`, offer] as const),
  );
  return `_latchkey_offer() {
  case "$1" in
${[...lists].map(([name, words]) => `    ${quoted(name)}) printf '%s\\n' ${words.join(' ')} ;;`).join('\n')}
    *) "$_lk_program" completion --values "$1" --url "$_lk_url" 2>/dev/null </dev/null ;;
  esac
}
_latchkey_option() {
  _lk_offer="" _lk_repeats=""
  case "$1" in
${cases(options)}
  esac
}
_latchkey_argument() {
  _lk_offer="" _lk_repeats=""
  case "$1" in
${cases(args)}
  esac
}
_latchkey_look() {
  local word option="" nth=0
  _lk_path="" _lk_url="" _lk_offer="" _lk_repeats=""
  for word in "$@"; do
    case "$word" in
      --url=*) _lk_url="\${word#--url=}" _lk_offer="" option="" ; continue ;;
      --*=*) _lk_offer="" option="" ; continue ;;
      -*) option="$word"; _latchkey_option "$_lk_path $word"; continue ;;
    esac
    if [ -n "$_lk_offer" ]; then
      if [ "$option" = --url ]; then _lk_url="$word"; fi
      if [ -z "$_lk_repeats" ]; then _lk_offer=""; fi
      continue
    fi
    case " ${paths.join(' ')} " in
      *" \${_lk_path:+$_lk_path/}$word "*) _lk_path="\${_lk_path:+$_lk_path/}$word" ;;
      *) nth=$((nth + 1)) ;;
    esac
  done
  if [ -z "$_lk_offer" ]; then _latchkey_argument "$_lk_path $nth"; fi
}`;
}

export function bashScript(places: readonly Place[], lists: Lists): string {
  const words = places.map(
    ({ path, words: all }) => `    ${quoted(path)}) printf '%s\\n' ${all.map(({ word }) => word).join(' ')} ;;`,
  );
  return `# bash completion of latchkey
${shared(places, lists)}
_latchkey_words() {
  case "$1" in
${words.join('\n')}
  esac
}
_latchkey() {
  local _lk_program="\${1:-latchkey}" _lk_path _lk_url _lk_offer _lk_repeats
  local line value glued current="" breaks="" strip i
  local -a typed=() found=() shown=()
  # Readline takes words apart at = and :, so they are put together again.
  for ((i = 1; i <= COMP_CWORD; i++)); do
    value="\${COMP_WORDS[i]}" glued=""
    if ((\${#typed[@]} > 0)) && [[ $value != -* ]]; then
      if [[ $value == [=:]* || \${typed[\${#typed[@]}-1]} == *[=:] ]]; then glued=1; fi
    fi
    if [[ -n $glued ]]; then typed[\${#typed[@]}-1]+="$value"; else typed+=("$value"); fi
  done
  if ((\${#typed[@]} > 0)); then
    current="\${typed[\${#typed[@]}-1]}"
    unset "typed[\${#typed[@]}-1]"
  fi
  _latchkey_look \${typed[@]+"\${typed[@]}"}
  COMPREPLY=()
  case "$COMP_WORDBREAKS" in *=*) breaks="=" ;; esac
  case "$COMP_WORDBREAKS" in *:*) breaks+=":" ;; esac
  strip=""
  if [[ -n $breaks ]]; then strip="\${current%"\${current##*[$breaks]}"}"; fi
  case "$current" in
    --*=*)
      _latchkey_option "$_lk_path \${current%%=*}"
      if [[ -z $strip ]]; then strip="\${current%%=*}="; fi
      strip="\${strip#"\${current%%=*}="}"
      current="\${current#*=}" ;;
    -*) _lk_offer="" ;;
  esac
  case "$_lk_offer" in
    files) return ;;
    -) ;;
    "") while IFS= read -r line; do
        if [[ $line == "$current"* ]]; then COMPREPLY+=("$line"); fi
      done < <(_latchkey_words "$_lk_path")
      return ;;
    *) while IFS= read -r line; do
        value="\${line%%$'\\t'*}"
        if [[ $value == "$current"* ]]; then
          found+=("\${value#"$strip"}")
          shown+=("\${line/$'\\t'/  }")
        fi
      done < <(_latchkey_offer "$_lk_offer") ;;
  esac
  compopt +o default 2>/dev/null
  # A list below the prompt says what each is; on the line stands the value alone.
  if ((\${#found[@]} > 1)) && [[ \${COMP_TYPE:-9} == 63 ]]; then
    COMPREPLY=("\${shown[@]}")
  else
    COMPREPLY=(\${found[@]+"\${found[@]}"})
  fi
}
complete -o default -F _latchkey latchkey`;
}

export function zshScript(places: readonly Place[], lists: Lists): string {
  const described = places.map(({ path, words }) => {
    const lines = words.map(({ word, about }) => `${word}:${plain(about).replaceAll(':', ' ')}`);
    return `  described[${`/${path}`}]=${quoted(lines.join('\n'))}`;
  });
  return `#compdef latchkey
${shared(places, lists)}
_latchkey() {
  local _lk_program="\${words[1]}" _lk_path _lk_url _lk_offer _lk_repeats
  local current="\${words[CURRENT]}" tab=$'\\t'
  local -a lines
  local -A described
${described.join('\n')}
  _latchkey_look "\${(@)words[2,CURRENT-1]}"
  case "$current" in
    --*=*) _latchkey_option "$_lk_path \${current%%=*}"; compset -P '*=' ;;
    -*) _lk_offer="" ;;
  esac
  case "$_lk_offer" in
    files) _files ;;
    -) ;;
    "") lines=("\${(@f)described[/$_lk_path]}"); _describe 'latchkey' lines || _files ;;
    *) lines=("\${(@f)$(_latchkey_offer "$_lk_offer")}")
      lines=("\${(@)lines//:/\\\\:}")
      lines=("\${(@)lines/$tab/:}")
      _describe 'value' lines ;;
  esac
}
# Loaded from fpath, the file is the function's first call.
if [ "\${funcstack[1]}" = "_latchkey" ]; then _latchkey "$@"; else compdef _latchkey latchkey; fi`;
}
