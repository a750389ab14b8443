package dev.crossroom.bridge

/** Told of what happens in a namespace: see [Namespace.listen]. */
public fun interface NamespaceListener {
    /** Something happened. */
    public fun onEvent(event: NamespaceEvent)
}
