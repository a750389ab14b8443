package dev.crossroom.forbidden.lower

import dev.crossroom.forbidden.upper.Upper

/** What [dev.crossroom.PackagesTest] has to find. */
internal abstract class Lower {
    abstract fun uses(): Upper
}
