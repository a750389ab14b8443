/** Who is in the room, kept up to date from presence events. Pure. */
import type { Member, PresenceChange } from "../../server/events.js";

/** The members after a change. A device is listed once, with what was last said of it. */
export function afterChange(members: readonly Member[], change: PresenceChange): Member[] {
  const { user, name, device } = change;
  const others = members.flatMap((member): Member[] => {
    if (member.user !== user) return [member];
    const devices = member.devices.filter(({ sid }) => sid !== device.sid);
    return devices.length === 0 ? [] : [{ ...member, devices }];
  });
  if (change.type === "leave") return others;
  const known = others.find((member) => member.user === user);
  if (known === undefined) return [...others, { user, name, devices: [device] }];
  const updated: Member = { user, name, devices: [...known.devices, device] };
  return others.map((member) => (member === known ? updated : member));
}

/** Whether a change is news: not that a device which is listed has got another transport. */
export function isArrival(members: readonly Member[], { type, device }: PresenceChange): boolean {
  return type === "join" && !members.some(({ devices }) => devices.some(({ sid }) => sid === device.sid));
}
