program modes;
{$mode objfpc}
uses sysutils, math;
var
  line, mode: string;
  rest: string;
  a, b, spin: int64;
  block: pbyte;
begin
  readln(line);
  mode := copy(line, 1, pos(' ', line) - 1);
  rest := copy(line, pos(' ', line) + 1, length(line));
  a := strtoint64(copy(rest, 1, pos(' ', rest) - 1));
  b := strtoint64(copy(rest, pos(' ', rest) + 1, length(rest)));
  spin := 1;
  while mode = 'endless' do spin := spin xor a;
  while mode = 'hog' do begin
    block := getmem(1 shl 20);
    fillchar(block^, 1 shl 20, 1);
  end;
  if mode = 'crash' then raise exception.create('crash');
  if mode = 'wrong' then writeln(a - b) else writeln(a + max(b, b));
end.
