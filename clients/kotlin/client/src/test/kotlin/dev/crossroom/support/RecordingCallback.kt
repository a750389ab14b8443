package dev.crossroom.support

import dev.crossroom.Callback
import dev.crossroom.CrossroomException
import dev.crossroom.JsonText
import dev.crossroom.Value
import java.io.File

/** Keeps what it was told: "ok: ..." or the code of an error. */
internal class RecordingCallback<T> : Callback<T> {
    val outcomes = ArrayList<String>()
    var result: T? = null
    var error: CrossroomException? = null

    override fun onSuccess(result: T) {
        this.result = result
        outcomes.add("ok: $result")
    }

    override fun onFailure(error: CrossroomException) {
        this.error = error
        outcomes.add(error.code.value)
    }
}

/** JSON in which `'` stands for `"`. */
internal fun jsonOf(text: String): Value = JsonText.parse(text.replace('\'', '"')) ?: error("not JSON: $text")

/** The golden vectors that all clients read. */
internal fun readVectors(name: String): List<Value> {
    val text = File("../../../test/vectors/$name.json").readText()
    return JsonText.parse(text)?.get("vectors")?.list ?: error("no vectors in $name")
}
