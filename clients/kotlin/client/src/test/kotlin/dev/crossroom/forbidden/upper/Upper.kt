package dev.crossroom.forbidden.upper

/** See [dev.crossroom.forbidden.lower.Lower]. */
internal class Upper
