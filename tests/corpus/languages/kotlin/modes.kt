fun main() {
    val (mode, first, second) = readLine()!!.split(" ")
    val a = first.toLong()
    val b = second.toLong()
    var spin = 1L
    while (mode == "endless") spin += a xor spin
    val kept = ArrayList<IntArray>()
    while (mode == "hog") kept.add(IntArray(1 shl 18) { 1 })
    if (mode == "crash") throw IllegalStateException("crash")
    println(if (mode == "wrong") a - b else a + b)
}
