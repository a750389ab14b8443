package dev.crossroom

import com.tngtech.archunit.core.domain.JavaClasses
import com.tngtech.archunit.core.importer.ClassFileImporter
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses
import dev.crossroom.forbidden.UsesOkHttp
import dev.crossroom.forbidden.lower.Lower
import dev.crossroom.forbidden.upper.Upper
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

/** Packages use only those below them, and so there is no circle. Read from the byte code: what a class names is what it uses. */
class PackagesTest {
    private val library = ClassFileImporter().withImportOption(DoNotIncludeTests()).importPackages("dev.crossroom")

    /** From the lowest: docs/sdk.md, 1.1, as README.md maps it. Below them all is what everybody shares: values, errors, options and what is told. */
    private val layers = listOf("dev.crossroom") + listOf("frames", "session", "transport", "bridge", "rooms").map { "dev.crossroom.$it" }

    private fun breachesOf(layers: List<String>, classes: JavaClasses): List<String> =
        layers.zipWithNext().flatMapIndexed { index, (layer, _) ->
            val above = layers.drop(index + 1).toTypedArray()
            val rule = noClasses().that().resideInAPackage(layer).should().dependOnClassesThat().resideInAnyPackage(*above)
            rule.evaluate(classes).failureReport.details
        }

    @Test
    fun `packages use only those below them`() {
        assertEquals(layers.toSet(), library.map { it.packageName }.toSet(), "every package has its place")
        assertEquals(emptyList<String>(), breachesOf(layers, library))
    }

    @Test
    fun `a class that uses one of a package above it is found`() {
        val example = ClassFileImporter().importClasses(Lower::class.java, Upper::class.java)
        val order = listOf("dev.crossroom.forbidden.lower", "dev.crossroom.forbidden.upper")
        val found = breachesOf(order, example)
        assertEquals(1, found.size, "$found")
        assertEquals(emptyList<String>(), breachesOf(order.reversed(), example))
    }

    private fun usersOfOkHttp(classes: JavaClasses): List<String> {
        val others = noClasses().that().resideOutsideOfPackage("dev.crossroom.transport").and().doNotBelongToAnyOf(ConnectionOptions::class.java)
        return others.should().dependOnClassesThat().resideInAPackage("okhttp3..").evaluate(classes).failureReport.details
    }

    @Test
    fun `OkHttp is known to the transport alone, and to the options that take it`() {
        assertEquals(emptyList<String>(), usersOfOkHttp(library))
    }

    @Test
    fun `another class that uses OkHttp is found`() {
        val found = usersOfOkHttp(ClassFileImporter().importClasses(UsesOkHttp::class.java))
        assertEquals(1, found.size, "$found")
    }
}
