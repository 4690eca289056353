#define E(x) int x x x; int x + ;
#define F(x) E(x##0) E(x##1) E(x##2) E(x##3) E(x##4) E(x##5) E(x##6) E(x##7) E(x##8) E(x##9)
#define G(x) F(x##0) F(x##1) F(x##2) F(x##3) F(x##4) F(x##5) F(x##6) F(x##7) F(x##8) F(x##9)
#define H(x) G(x##0) G(x##1) G(x##2) G(x##3) G(x##4) G(x##5) G(x##6) G(x##7) G(x##8) G(x##9)

H(a)
