begin
  x := 'text';
end.
