package dev.crossroom

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.io.File

class DocsTest {
    private val sources = File("src/main/kotlin").walk().filter { it.extension == "kt" }.sorted().toList()

    /** Explicit API mode makes every public name say that it is. */
    @Test
    fun `every public name has a doc comment`() {
        val missing = ArrayList<String>()
        for (file in sources) {
            var before = ""
            for (line in file.readLines().map(String::trim)) {
                // Properties in a constructor are in the comment of their class.
                val isName = Regex("^(@JvmField |@JvmStatic )*public ").containsMatchIn(line) && !line.endsWith(",")
                val isOverride = " override " in " $line"
                if (isName && !isOverride && !before.endsWith("*/")) missing.add("${file.name}: $line")
                if (!line.startsWith("@") || line.contains(" public ")) before = line
            }
        }
        assertTrue(sources.size > 30)
        assertEquals(emptyList<String>(), missing)
    }

    /** What README.md shows is in ReadmeExamples.kt or RoomsJavaTest.java, and so compiles. */
    @Test
    fun `the examples of the README compile`() {
        val readme = File("../README.md").readText()
        val compiled = listOf("src/test/kotlin/dev/crossroom/ReadmeExamples.kt").map { squeeze(File(it).readText()) }
        val blocks = Regex("```kotlin\\n(.*?)```", RegexOption.DOT_MATCHES_ALL).findAll(readme).map { it.groupValues[1] }.toList()
        assertTrue(blocks.size >= 4, "found ${blocks.size}")
        for (block in blocks) {
            val text = squeeze(block.lines().filterNot { it.startsWith("import ") }.joinToString("\n"))
            assertTrue(compiled.any { text in it }, block)
        }
    }

    private fun squeeze(text: String): String = text.trim().replace(Regex("\\s+"), " ")
}
