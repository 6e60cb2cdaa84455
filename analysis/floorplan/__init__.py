"""The floor plan 布点图: what a room's cameras see of it by geometry, before any picture is looked at.

``flaws`` says what contradicts itself in a plan, ``survey`` what is seen of floor, places and forbidden parts,
``regions`` where stations lie in a camera's picture, ``calibration`` how a camera looks from points clicked in its
picture, ``drawing`` and ``telling`` write a survey as SVG and as JSON. The camera is that of ``optics``, what stands
in the way that of ``scene``, the error tree is drawn in ``errors``. No I/O; shapely is imported nowhere else.
Not here: the plan itself (``domain.plan``), the file it is written in (``records``), and what pictures show.
"""
