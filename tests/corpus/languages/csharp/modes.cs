using System;
using System.Collections.Generic;
using System.Linq;
using System.Numerics;

class Modes {
    static void Main() {
        var words = Console.ReadLine().Split(' ').ToArray();
        var mode = words[0];
        BigInteger a = BigInteger.Parse(words[1]), b = BigInteger.Parse(words[2]);
        long spin = 1;
        while (mode == "endless") spin += spin ^ 7;
        var kept = new List<int[]>();
        while (mode == "hog") kept.Add(Enumerable.Repeat(1, 1 << 18).ToArray());
        if (mode == "crash") throw new InvalidOperationException("crash");
        Console.WriteLine(mode == "wrong" ? a - b : a + b);
    }
}
