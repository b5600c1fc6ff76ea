// What may be written into a Secret of a namespace that no entry in force entitles: by the brake alone, or by a former token?
//
// Neither ever gives. It renews a login where the former one, or the present one, stands; anything else stays as it is under a
// hold, and goes to whoever has the host next, or goes, where the entry was altered.
import { configKey } from "../../registry/host.ts";
import { loginsIn } from "../../registry/merge-docker-config.ts";
import { type Content, type Served, servedContent, type Tokenless } from "./plan-content.ts";

/** Whether what stands in the Secret has a say in what is written. */
export function hasConditions({ served }: Content): boolean {
  return served.some(({ onlyOver }) => onlyOver !== undefined);
}

/** Whether the brake has a part in it. */
export function hasHeld({ served }: Content): boolean {
  return served.some(({ onlyOver, former }) => onlyOver !== undefined && !former);
}

/** @param standing the docker config in the Secret; undefined: there is none */
export function withoutGifts(content: Content, standing: string | undefined): Content {
  const stands = loginsIn(standing ?? "");
  const isGift = ({ onlyOver, host }: Served): boolean =>
    onlyOver !== undefined && !onlyOver.some((login) => stands(configKey(host), login));
  if (!content.served.some(isGift)) return content;
  const asTheyAre: Tokenless[] = [];
  const served: Served[] = [];
  for (const first of content.served) {
    let each: Served | undefined = first;
    while (each && isGift(each)) {
      const { credential, entry, grantKey, host, former } = each;
      if (!former) asTheyAre.push({ credential, entry, grantKey, hosts: [host], ended: false, held: true });
      each = each.instead;
    }
    if (each) served.push(each);
  }
  const has = new Map(served.map(({ host, credential, entry }) => [host, `${credential}/${entry}`]));
  return {
    ...content,
    ...servedContent(served),
    tokenless: [...content.tokenless, ...asTheyAre],
    // Whoever has it instead is in nobody's shadow.
    shadowed: content.shadowed.filter(({ host, credential, entry }) => has.get(host) !== `${credential}/${entry}`),
  };
}
