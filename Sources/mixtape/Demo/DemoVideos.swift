/// The videos of the demonstration, as FFmpeg's filters draw them.
enum DemoVideos {
    /// Names and lavfi graphs; each gives 320×240 at 25 frames a second.
    static let graphs: [(name: String, graph: String)] = [
        ("counter", "testsrc2=s=320x240:r=25"),
        ("mandelbrot", "mandelbrot=s=320x240:r=25:start_scale=0.5:end_scale=0.1:end_pts=150"),
        (
            "life",
            "life=s=80x60:r=25:mold=8:ratio=0.4:random_seed=7:death_color=#c83232:life_color=#00ff88,"
                + "scale=320:240:flags=neighbor"
        ),
        ("automaton", "cellauto=s=160x120:r=25:rule=110:random_seed=3:scroll=1,scale=320:240:flags=neighbor"),
        ("gradients", "gradients=s=320x240:r=25:c0=navy:c1=orange:c2=teal:nb_colors=3:seed=5:speed=0.03"),
        ("sierpinski", "sierpinski=s=320x240:r=25:seed=2:jump=80"),
        (
            "bars",
            "smptebars=s=320x240:r=25[b];color=white:s=60x60:r=25[w];[b][w]overlay=x='mod(t*90,320)':y=90"
        ),
        ("carousel", "rgbtestsrc=s=320x240:r=25,rotate=a='t*0.9':c=black"),
        ("static", "color=gray:s=80x60:r=25,noise=alls=90:allf=t:all_seed=11,scale=320:240:flags=bilinear"),
        (
            "plasma",
            "color=black:s=320x240:r=25,geq=lum='128+60*sin(X/17+T*3)+60*cos(Y/23-T*2)':cb='128+90*sin(T)':cr=110"
        ),
        ("zoom", "testsrc=s=320x240:r=25,zoompan=z='1+0.012*in':d=1:s=320x240:fps=25,hue=h=140"),
        (
            "pong",
            "color=#203040:s=320x240:r=25[b];color=yellow:s=36x36:r=25[y];"
                + "[b][y]overlay=x='abs(mod(t*170,568)-284)':y='abs(mod(t*130,408)-204)'"
        ),
    ]

    /// The one that the demonstration alters and looks for.
    static let original = "mandelbrot"

    /// 20 % cut away, colours turned, and few bits left.
    static let alteration = [
        "-vf", "crop=iw*0.8:ih*0.8,scale=240:180,hue=h=25:s=1.3,eq=brightness=0.06", "-crf", "38",
    ]

    /// How the videos are encoded.
    static let encoding = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-an"]

    /// Arguments of `ffmpeg` that draw one video: 4 to 6 seconds, no two neighbours alike.
    static func drawing(_ number: Int, into path: String) -> [String] {
        ["-f", "lavfi", "-i", graphs[number].graph, "-t", String(4 + number % 3)] + encoding + [path]
    }

    /// Arguments of `ffmpeg` that make the altered copy.
    static func altering(_ source: String, into path: String) -> [String] {
        ["-i", source] + alteration + encoding + [path]
    }
}
