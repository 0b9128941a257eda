/** What a fence agent says about itself: `-o metadata` of the resource agent API. */
export interface FenceMetadata {
  readonly parameters: readonly string[];
  readonly actions: readonly string[];
}

/** Null when it is no such document. Names only, so that a pattern does where an XML library would be a dependency. */
export function parseFenceMetadata(xml: string): FenceMetadata | null {
  const body = /<resource-agent\b[^>]*>(.*)<\/resource-agent>/s.exec(xml)?.[1];
  if (body === undefined) return null;
  const names = (element: string) =>
    [...body.matchAll(new RegExp(`<${element}\\s[^>]*?\\bname="([^"]+)"`, 'g'))].map((match) => match[1]!);
  return { parameters: names('parameter'), actions: names('action') };
}
