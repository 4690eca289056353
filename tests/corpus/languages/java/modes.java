package sums;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Scanner;

class Helper {
    final String[] words;

    Helper(String[] words) {
        this.words = words;
    }
}

/* The name is none of the judge's business.
public class NotThis {}
*/
public final class RangeSums {
    public static void main(String[] args) {
        Scanner in = new Scanner(System.in);
        String mode = in.next();
        long a = in.nextLong(), b = in.nextLong(), spin = 1;
        while (mode.equals("endless")) spin += a ^ spin;
        List<int[]> kept = new ArrayList<>();
        while (mode.equals("hog")) {
            int[] block = new int[1 << 18];
            Arrays.fill(block, 1);
            kept.add(block);
        }
        if (mode.equals("crash")) throw new IllegalStateException("crash");
        System.out.println(mode.equals("wrong") ? a - b : a + b);
    }
}
