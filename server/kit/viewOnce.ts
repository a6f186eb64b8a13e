/**
 * `make`, which is called once for each key: a value of an enumeration, or an object that never changes, such as a row
 * or a part of one. The view is frozen, so that it is encoded once, too. What else `make` takes must follow from the key.
 */
export function viewOnce<Key extends object | string | boolean, Rest extends unknown[], View extends object>(
  make: (key: Key, ...rest: Rest) => View,
): (key: Key, ...rest: Rest) => View {
  const ofValues = new Map<unknown, View>();
  const ofObjects = new WeakMap<object, View>();
  return (key, ...rest) => {
    const known = typeof key === "object" ? ofObjects.get(key) : ofValues.get(key);
    if (known) return known;
    const view = Object.freeze(make(key, ...rest));
    if (typeof key === "object") ofObjects.set(key, view);
    else ofValues.set(key, view);
    return view;
  };
}
