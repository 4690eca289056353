import subprocess

started = []
while True:
    try:
        started.append(subprocess.Popen(["/bin/sleep", "1000"]))
    except OSError:
        pass
