// What may be written into a Secret of a namespace that nothing but the brake entitles?
//
// A hold never gives. It renews a login where the former one, or the present one, stands; anything else stays as it is.
import { configKey } from "../registry/host.ts";
import { loginsIn } from "../registry/merge-docker-config.ts";
import { type Content, servedContent, type Tokenless } from "./content.ts";

/** Whether what stands in the Secret has a say in what is written. */
export function hasHeld({ served }: Content): boolean {
  return served.some(({ onlyOver }) => onlyOver !== undefined);
}

/** @param standing the docker config in the Secret; undefined: there is none */
export function withoutGifts(content: Content, standing: string | undefined): Content {
  const stands = loginsIn(standing ?? "");
  const isGift = ({ onlyOver, host }: Content["served"][number]): boolean =>
    onlyOver !== undefined && !onlyOver.some((login) => stands(configKey(host), login));
  const gifts = content.served.filter(isGift);
  if (gifts.length === 0) return content;
  const asTheyAre = gifts.map(({ credential, entry, grantKey, host }): Tokenless => {
    return { credential, entry, grantKey, hosts: [host], ended: false, held: true };
  });
  return {
    ...content,
    ...servedContent(content.served.filter((each) => !isGift(each))),
    tokenless: [...content.tokenless, ...asTheyAre],
  };
}
