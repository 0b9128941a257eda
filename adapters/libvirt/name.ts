/** Which guest names are safe to hand to libvirt. */
import { nameSchema } from '../../machines/spec.ts';
import { fail } from '../../services/errors.ts';

/**
 * Returns the name or throws GUEST_NAME_INVALID. virsh looks a word up as a domain's number and as its UUID before it
 * looks for a name: `destroy 7` would end whatever domain happens to be number 7.
 */
export function named(guest: string): string {
  if (!nameSchema.safeParse(guest).success)
    fail('GUEST_NAME_INVALID', {
      guest: JSON.stringify(guest).slice(0, 60),
      reason: 'it has characters a name cannot have',
    });
  if (/^\d+$/.test(guest))
    fail('GUEST_NAME_INVALID', { guest, reason: 'libvirt would take it for the number of a domain' });
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(guest))
    fail('GUEST_NAME_INVALID', { guest, reason: 'libvirt would take it for the UUID of a domain' });
  return guest;
}
