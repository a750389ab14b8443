package dev.crossroom.forbidden

import okhttp3.OkHttpClient

/** What [dev.crossroom.PackagesTest] has to find. */
internal abstract class UsesOkHttp {
    abstract fun uses(): OkHttpClient
}
