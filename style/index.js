import './base.css';
import './palette.css';
import './document.css';
import './map.css';
import './table.css';
import './sidebar.css';
import './lineage.css';
import './cell.css';
