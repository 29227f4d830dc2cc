/** Where a new token starts: a few purposes as cards, each of which fills the form in; none skips it. */
import type { VNode } from 'preact';
import type { FormOwner } from '../../../../actions/tokens/form.ts';
import { TOKEN_RECIPES, type TokenRecipe } from '../../../../catalogue/token-recipes.ts';
import { deedWords } from '../../../../rules/right/reach-words.ts';
import { FINE_GRAINED_PATH } from '../kinds.ts';

interface Props {
  /** As chosen, or where the person has repositories; '' = oneself. */
  readonly owner: string;
  readonly owners: readonly FormOwner[];
  /** True when the form is filled in already: then the recipes are folded. */
  readonly isFilledIn: boolean;
}

export function Recipes({ owner, owners, isFilledIn }: Props): VNode {
  const organizations = owners.filter(({ kind }) => kind === 'organization').map(({ login }) => login);
  const organization = organizations.find((login) => login === owner) ?? organizations[0] ?? '';
  const link = (recipe: TokenRecipe): string =>
    linkTo(recipe, recipe.isForOrganization === true ? organization : owner);
  const cards = TOKEN_RECIPES.filter(({ isFirst, isForOrganization }) => {
    return isFirst === true && (isForOrganization !== true || organization !== '');
  });
  return (
    <details class="lk-recipes mb-3" open={!isFilledIn}>
      <summary class="text-bold">{isFilledIn ? 'Start from another recipe' : 'What is the token for?'}</summary>
      <p class="note mt-1 mb-2">
        Pick the closest: you see and change everything before it is made. Or fill in the form.
      </p>
      <ul class="lk-cards">
        {cards.map((recipe) => (
          <li class="lk-card">
            <a class="text-bold" href={link(recipe)}>
              {recipe.title}
            </a>
            <p class="mb-1">{recipe.description}</p>
            <p class="note mb-0">Can {deedWords(recipe.permissions)[0]}</p>
          </li>
        ))}
      </ul>
      <details class="mt-2">
        <summary>More recipes</summary>
        <ul class="lk-plain-list">
          {TOKEN_RECIPES.filter((recipe) => !cards.includes(recipe)).map((recipe) => (
            <li>
              <a href={link(recipe)}>{recipe.title}</a>
            </li>
          ))}
        </ul>
      </details>
    </details>
  );
}

function linkTo({ name, description, permissions, refRules = '', selection }: TokenRecipe, owner: string): string {
  const query = new URLSearchParams({
    name,
    description,
    ...(owner === '' ? {} : { target_name: owner }),
    ...(selection === undefined ? {} : { selection }),
    ...(refRules === '' ? {} : { ref_rules: refRules }),
    ...permissions,
  });
  return `${FINE_GRAINED_PATH}/new?${query}`;
}
